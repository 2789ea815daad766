// Names in generated kernel sources.

export const upperFirst = (name) => name[0].toUpperCase() + name.slice(1)

/** An operation is called `loss` too. */
export const enumerationName = (name) => (name === 'loss' ? 'LossFunction' : upperFirst(name))
