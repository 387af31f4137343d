// What typedoc's pages lack for a keyboard and a screen reader, done once the page is there.

/** A table that is wider than the page scrolls within a region that can have the focus. */
const frameTables = () => {
  for (const table of document.querySelectorAll('.tsd-typography table')) {
    const frame = document.createElement('div')
    frame.className = 'table-frame'
    frame.tabIndex = 0
    frame.setAttribute('role', 'region')
    frame.setAttribute('aria-label', table.querySelector('th')?.textContent?.trim() || 'Table')
    table.replaceWith(frame)
    frame.append(table)
  }
}

/** A summary is a button, and may hold no link: the heading of a section is linked to from "On This Page". */
const unlinkSummaries = () => {
  for (const link of document.querySelectorAll('summary a.tsd-anchor-icon')) link.remove()
}

/** In the tree of pages the link to a page and the button that opens its branch stand beside each other. */
const partNavigation = (tree) => {
  for (const link of tree.querySelectorAll('summary > a')) {
    const summary = link.parentElement
    const label = document.createElement('span')
    label.className = 'for-readers'
    label.textContent = `Pages below ${link.textContent.trim()}`
    summary.append(label)
    summary.parentElement.before(link)
    summary.closest('li').classList.add('branch')
  }
}

/** The parts of a page by name, as a screen reader jumps between them. */
const nameLandmarks = () => {
  document.querySelector('.col-content')?.setAttribute('role', 'main')
  const side = document.querySelector('.col-sidebar')
  side?.setAttribute('role', 'complementary')
  side?.setAttribute('aria-label', 'Contents')
  document.querySelector('#tsd-sidebar-links')?.setAttribute('aria-label', 'Links')
  document.querySelector('.site-menu nav:not([id])')?.setAttribute('aria-label', 'All pages')
  for (const nav of document.querySelectorAll('.page-menu nav'))
    nav.setAttribute('aria-label', 'On this page')
  for (const corner of document.querySelectorAll('th:empty')) corner.replaceWith(document.createElement('td'))
}

document.addEventListener('DOMContentLoaded', () => {
  nameLandmarks()
  frameTables()
  unlinkSummaries()
  for (const code of document.querySelectorAll('.tsd-typography pre')) code.tabIndex = 0
  const tree = document.querySelector('#tsd-nav-container')
  if (!tree) return
  partNavigation(tree)
  new MutationObserver(() => partNavigation(tree)).observe(tree, { childList: true, subtree: true })
})
