import { type ColumnDefinitionNode, DataTypeNode, GeneratedNode, PostgresQueryCompiler, RawNode } from 'kysely'

/**
 * Makes columns in PostgreSQL that hold and order what SQLite's do, so that one migration serves both: whole numbers have 64 bits, text is
 * compared by its code points whatever the language of the database, and a number that is the primary key is given by the database
 * to whoever brings none.
 */
export class NeutralColumns extends PostgresQueryCompiler {
  protected override visitColumnDefinition(column: ColumnDefinitionNode): void {
    super.visitColumnDefinition(asInSqlite(column))
  }
}

function asInSqlite(column: ColumnDefinitionNode): ColumnDefinitionNode {
  if (!DataTypeNode.is(column.dataType)) return column
  const type = column.dataType.dataType
  if (/^(varchar|text)\b/.test(type)) return { ...column, frontModifiers: [RawNode.createWithSql('collate "C"')] }
  if (type !== 'integer') return column
  const bigint = { ...column, dataType: DataTypeNode.create('bigint') }
  return column.primaryKey
    ? { ...bigint, generated: GeneratedNode.create({ identity: true, byDefault: true }) }
    : bigint
}
