/** Reads the words of an encoded operation, [code, words, operands…, attributes…], by their index after the first two. */

/** The base of the program's arena. */
export let arena: usize = 0

export function setArena(address: usize): void {
  arena = address
}

// @ts-ignore: decorator
@inline
export function integer(words: usize, index: usize): i32 {
  return load<i32>(words + 8 + (index << 2))
}

// @ts-ignore: decorator
@inline
export function flag(words: usize, index: usize): bool {
  return load<i32>(words + 8 + (index << 2)) != 0
}

// @ts-ignore: decorator
@inline
export function real(words: usize, index: usize): f64 {
  return load<f64>(words + 8 + (index << 2))
}

// @ts-ignore: decorator
@inline
export function operand(words: usize, index: usize): usize {
  return arena + ((<usize>load<i32>(words + 8 + (index << 2))) << 2)
}

/** 0 for an absent operand. */
// @ts-ignore: decorator
@inline
export function optional(words: usize, index: usize): usize {
  const offset = load<i32>(words + 8 + (index << 2))
  return offset < 0 ? 0 : arena + ((<usize>offset) << 2)
}
