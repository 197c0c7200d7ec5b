import { type ColumnDefinitionNode, DataTypeNode, GeneratedNode, PostgresQueryCompiler, RawNode } from 'kysely'

/**
 * Makes PostgreSQL columns that hold and order values as SQLite does, so that one migration serves both: integers have 64 bits, text
 * is compared by code points, and an integer primary key is generated unless a row brings its own.
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
