// QEMU allocates metadata for every reserved page: 25 MB for each shared memory with a maximum of 4 GiB, and the suites
// create hundreds of them. None of them exceeds 64 MiB.
const maximumPages = 1_024

WebAssembly.Memory = class extends WebAssembly.Memory {
  constructor(descriptor) {
    super({ ...descriptor, maximum: Math.min(maximumPages, descriptor.maximum ?? maximumPages) })
  }
}
