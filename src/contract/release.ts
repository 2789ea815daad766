/** Version of the package, and of the API. Runs of different releases may differ in bits. */
export const release = '0.1.0'
