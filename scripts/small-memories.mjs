// QEMU keeps a word for every page of address space that is reserved: 25 MB for each shared memory that may grow to 4 GiB,
// of which a suite makes hundreds. None of them grows beyond 64 MiB.
const maximumPages = 1_024

WebAssembly.Memory = class extends WebAssembly.Memory {
  constructor(descriptor) {
    super({ ...descriptor, maximum: Math.min(maximumPages, descriptor.maximum ?? maximumPages) })
  }
}
