import { type ColumnDefinitionNode, DataTypeNode, GeneratedNode, PostgresQueryCompiler, RawNode } from 'kysely'

/** Gives columns the behaviour of SQLite, so that both databases share the migrations. Compares text by code points. */
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
