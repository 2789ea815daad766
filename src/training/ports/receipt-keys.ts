export interface ReceiptKeys {
  /** The private key in PEM. The first call of all stores the one that `generate` returns. */
  read(generate: () => string): Promise<string>
}
