/** Asks Redis over its socket. Usage: node src/services/redis.mjs PATH-OF-THE-SOCKET (needs the package ioredis) */
// #region redis
import Redis from 'ioredis'

const redis = new Redis({ path: process.argv[2] ?? '/run/redis/redis.sock' })
await redis.set('greeting', 'hello')
console.log(await redis.get('greeting'))
await redis.quit()
// #endregion
