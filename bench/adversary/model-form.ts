/** A form that imports a dense layer without biases, as a file of safetensors. */

/** @param side inputs and units of the layer, which has 4 · side² bytes of weights, and a name for each input */
export function createModelForm(side: number): { body: Buffer; type: string } {
  const network = { inputShape: [side], layers: [{ type: 'dense', units: side, useBias: false }] }
  const header = JSON.stringify({
    'a.weight': { dtype: 'F32', shape: [side, side], data_offsets: [0, 4 * side ** 2] },
  })
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  const part = (name: string, content: string) =>
    `--form\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${content}`
  const body = Buffer.concat([
    Buffer.from(`${part('network', JSON.stringify(network))}\r\n`),
    Buffer.from('--form\r\ncontent-disposition: form-data; name="file"; filename="model"\r\n\r\n'),
    length,
    Buffer.from(header),
    Buffer.alloc(4 * side ** 2),
    Buffer.from('\r\n--form--\r\n'),
  ])
  return { body, type: 'multipart/form-data; boundary=form' }
}
