import Database from 'better-sqlite3'

// A program of its own: takes the write lock of the SQLite file that it is given, and keeps it until it is killed.
const [file = ''] = process.argv.slice(2)
const database = new Database(file)
database.exec('BEGIN EXCLUSIVE')
process.stdout.write('held\n')
setInterval(() => database.inTransaction, 60_000)
