/** One array, or consecutive pieces, such as views of the memory of a training. */
export type Bytes = Uint8Array | readonly Uint8Array[]
