/** The columns of a `StoredTrace`. */
export const traceColumns = { traceId: true, spanId: true, isSampled: true } as const
