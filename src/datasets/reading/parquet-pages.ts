/** Compares the headers of Parquet pages with the footer, because decoding trusts the headers. */
import type { AsyncBuffer, RowGroup } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'

/** The number of values of a column in a row group as its pages declare it. Stops at the first page above `rows`. */
export async function declaredValues(
  file: AsyncBuffer,
  { columns, num_rows }: RowGroup,
  path: string,
): Promise<number> {
  const chunk = columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === path)?.meta_data
  if (chunk === undefined) return 0
  const rows = Number(num_rows)
  const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset)
  const view = new DataView(await file.slice(start, start + Number(chunk.total_compressed_size)))
  const reader = { view, offset: 0 }
  let values = 0
  // Ends as `readColumn` of hyparquet does: what follows the last row is not read.
  while (values < rows && reader.offset < view.byteLength - 1) {
    const header = parquetHeader(reader)
    if (!(header.compressed_page_size >= 0)) throw new Error('a page has no size')
    reader.offset += header.compressed_page_size
    values += (header.data_page_header ?? header.data_page_header_v2)?.num_values ?? 0
  }
  return values
}
