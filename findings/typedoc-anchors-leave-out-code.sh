#!/usr/bin/env bash
# Subject: typedoc@0.28.20 with typescript@6.0.3.
# Guess, before the first run: a heading of a Markdown document, "## What `close()` does", gets the anchor that GitHub gives
#   it, #what-close-does, so that a link to it works on both.
# Seen: typedoc leaves the code of a heading out of its anchor: it is #what-does. The link that is right on GitHub is broken on
#   the site (typedoc warns of it), and no link is right on both.
# What follows: headings that are linked to have no code in them.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
command -v npm >/dev/null || { echo 'cannot be tried: npm is missing'; exit 2; }
npm install --silent --no-audit --no-fund --no-save typedoc@0.28.20 typescript@6.0.3 >/dev/null 2>&1 || { echo 'cannot be tried: npm does not install typedoc@0.28.20'; exit 2; }
printf '{"compilerOptions":{"module":"nodenext","strict":true},"files":["index.ts"]}' >tsconfig.json
printf 'export const one = 1\n' >index.ts
printf '# Sample\n' >README.md
printf -- '---\ntitle: Page\n---\n\n# Page\n\n## What `close()` does\n\nIt closes.\n' >page.md
node_modules/.bin/typedoc --entryPoints index.ts --projectDocuments page.md --out site --logLevel Error >/dev/null 2>&1 || { echo 'typedoc fails on a page of three lines'; exit 1; }
seen=$(grep -oE '<h2 [^>]*id="[^"]*"' site/documents/Page.html | grep -oE 'id="[^"]*"' | head -n 1)
echo "typedoc 0.28.20: the anchor of '## What \`close()\` does' has $seen; GitHub's is what-close-does"
[ "$seen" = 'id="what-does"' ] && exit 0
[ "$seen" = '' ] && exit 2
exit 1
