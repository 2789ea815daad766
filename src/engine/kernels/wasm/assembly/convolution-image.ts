/** Sizes of convolutions, and padded images: zero padding, one plane per phase of the horizontal stride. */

/** Sizes of a convolution in the order of the encoded attributes; those of locally connected layers end with filters. */
@unmanaged
export class Sizes {
  channels: i32
  height: i32
  width: i32
  kernelHeight: i32
  kernelWidth: i32
  strideY: i32
  strideX: i32
  outputHeight: i32
  outputWidth: i32
  filters: i32
  padTop: i32
  padLeft: i32
}

// @ts-ignore: decorator
@inline
export function floats(count: i32): usize {
  return (<usize>count) << 2
}

// @ts-ignore: decorator
@inline
export function alignToLine(bytes: usize): usize {
  return (bytes + 63) & ~63
}

/** Planes per channel in the padded image; paddedHeight and paddedWidth are the size of a plane. */
// @ts-ignore: decorator
@inline
export function phases(s: Sizes): i32 {
  return min(s.strideX, s.kernelWidth)
}

// @ts-ignore: decorator
@inline
export function paddedHeight(s: Sizes): i32 {
  return (s.outputHeight - 1) * s.strideY + s.kernelHeight
}

// @ts-ignore: decorator
@inline
export function paddedWidth(s: Sizes): i32 {
  return s.outputWidth - 1 + (s.kernelWidth + s.strideX - 1) / s.strideX
}

// @ts-ignore: decorator
@inline
export function isUnpadded(s: Sizes): bool {
  return s.strideX == 1 && paddedHeight(s) <= s.height && paddedWidth(s) <= s.width && s.padTop == 0 && s.padLeft == 0
}

export function copyFloats(to: usize, from: usize, count: i32): void {
  for (; count >= 4; count -= 4, to += 16, from += 16) v128.store(to, v128.load(from))
  for (; count > 0; count--, to += 4, from += 4) store<f32>(to, load<f32>(from))
}

/** Copies one sample to planes [channels, phases, paddedHeight, paddedWidth]. */
export function padImage(x: usize, to: usize, s: Sizes): void {
  const rows = paddedHeight(s)
  const columns = paddedWidth(s)
  const pitch = floats(columns)
  for (let channel = 0; channel < s.channels; channel++) {
    for (let phase = 0; phase < phases(s); phase++) {
      for (let row = 0; row < rows; row++, to += pitch) {
        const y = row - s.padTop
        if (y < 0 || y >= s.height) {
          memory.fill(to, 0, pitch)
          continue
        }
        const from = x + floats((channel * s.height + y) * s.width)
        const shift = phase - s.padLeft
        const first = shift < 0 ? (-shift + s.strideX - 1) / s.strideX : 0
        const end = shift < s.width ? min(columns, (s.width - 1 - shift) / s.strideX + 1) : first
        for (let column = 0; column < first; column++) store<f32>(to + floats(column), 0)
        if (s.strideX == 1) copyFloats(to + floats(first), from + floats(first + shift), end - first)
        else for (let column = first; column < end; column++) store<f32>(to + floats(column), load<f32>(from + floats(column * s.strideX + shift)))
        for (let column = end; column < columns; column++) store<f32>(to + floats(column), 0)
      }
    }
  }
}

/** Fills offsets [channels, kernelHeight, kernelWidth] with the byte offset of each tap's first cell. */
export function fillOffsets(offsets: usize, s: Sizes, planes: i32, rows: i32, columns: i32): void {
  for (let channel = 0; channel < s.channels; channel++) {
    for (let k = 0; k < s.kernelHeight; k++) {
      for (let l = 0; l < s.kernelWidth; l++, offsets += 4) {
        store<u32>(offsets, <u32>floats(((channel * planes + l % s.strideX) * rows + k) * columns + l / s.strideX))
      }
    }
  }
}
