/** Asks PostgreSQL over its socket. Usage: node src/services/postgres.mjs DIRECTORY-OF-THE-SOCKET (needs the package pg) */
// #region postgres
import pg from 'pg'

const client = new pg.Client({
  host: process.argv[2] ?? '/run/postgresql',
  user: 'app',
  database: 'postgres',
})
await client.connect()
const { rows } = await client.query('select 6 * $1::int as answer', [7])
console.log(rows)
await client.end()
// #endregion
