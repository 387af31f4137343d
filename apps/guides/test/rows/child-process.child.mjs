/** A child of node:child_process that does as it is told. */
process.on('message', ({ echo, double, id, leave, unref }) => {
  if (echo !== undefined) process.send(echo)
  if (double !== undefined) process.send({ id, result: double * 2 })
  if (leave) process.disconnect()
  if (unref) process.channel.unref()
})
