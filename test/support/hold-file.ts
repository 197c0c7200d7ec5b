import Database from 'better-sqlite3'

// This program locks a SQLite file for writing until the program is killed.
const [file = ''] = process.argv.slice(2)
const database = new Database(file)
database.exec('BEGIN EXCLUSIVE')
process.stdout.write('held\n')
setInterval(() => database.inTransaction, 60_000)
