/**
 * A server of HTTP in JavaScript, for componentize-js: / says hello, /echo sends the body back, /fetch?url=URL posts to
 * a URL and sends its answer back, /stream sends half a megabyte bit by bit, /fail throws.
 */
const stream = () => {
  let left = 50
  return new ReadableStream({
    pull: (controller) => {
      if (left === 0) return controller.close()
      left -= 1
      return controller.enqueue(new TextEncoder().encode('x'.repeat(10_000)))
    },
  })
}

const forward = async (url) => {
  const response = await fetch(url, { method: 'POST', body: 'from the guest' })
  return new Response(`${response.status} ${response.headers.get('x-kind')} ${await response.text()}`)
}

const answer = async (request) => {
  const { pathname, searchParams } = new URL(request.url)
  if (pathname === '/echo') return new Response(request.body, { headers: { 'x-method': request.method } })
  if (pathname === '/fetch') return forward(searchParams.get('url'))
  if (pathname === '/stream') return new Response(stream())
  if (pathname === '/fail') throw new Error('on purpose')
  return new Response(`hello from ${pathname}`, { headers: { 'content-type': 'text/plain' } })
}

addEventListener('fetch', (event) => event.respondWith(answer(event.request)))
