/**
 * Pooling over windows entirely inside the image; x [planes, height, width], y [planes, outputHeight, outputWidth],
 * planes = rows × channels. Windows of 2 × 2 with a stride of 2, and windows over the whole plane, have special loops.
 */
import { laneMask, storeLanes, sumLanes } from './simd'

// @ts-ignore: decorator
@inline
function cellAt(x: usize, width: i32, row: i32, column: i32): usize {
  return x + ((<usize>(row * width + column)) << 2)
}

export function maxPoolingForward(
  x: usize, y: usize, planes: i32, height: i32, width: i32, kernelHeight: i32, kernelWidth: i32,
  strideY: i32, strideX: i32, outputHeight: i32, outputWidth: i32,
): void {
  const pairs = kernelHeight == 2 && kernelWidth == 2 && strideX == 2
  const plane = (<usize>(height * width)) << 2
  for (; planes > 0; planes--, x += plane) {
    for (let row = 0; row < outputHeight; row++) {
      let column = 0
      if (pairs) {
        let upper = cellAt(x, width, row * strideY, 0)
        let lower = upper + ((<usize>width) << 2)
        for (; column + 4 <= outputWidth; column += 4, upper += 32, lower += 32, y += 16) {
          const left = f32x4.pmax(v128.load(upper), v128.load(lower))
          const right = f32x4.pmax(v128.load(upper, 16), v128.load(lower, 16))
          v128.store(y, f32x4.pmax(v128.shuffle<f32>(left, right, 0, 2, 4, 6), v128.shuffle<f32>(left, right, 1, 3, 5, 7)))
        }
      }
      for (; column < outputWidth; column++, y += 4) {
        let largest = -Infinity as f32
        for (let k = 0; k < kernelHeight; k++) {
          let cell = cellAt(x, width, row * strideY + k, column * strideX)
          for (let l = 0; l < kernelWidth; l++, cell += 4) largest = max(largest, load<f32>(cell))
        }
        store<f32>(y, largest)
      }
    }
  }
}

/** Address of the window's first cell, in row-major order, that equals `value`; 0 if there is none. */
function firstEqual(window: usize, width: i32, kernelHeight: i32, kernelWidth: i32, value: f32): usize {
  for (let k = 0; k < kernelHeight; k++, window += (<usize>width) << 2) {
    for (let l = 0; l < kernelWidth; l++) {
      const cell = window + ((<usize>l) << 2)
      if (load<f32>(cell) == value) return cell
    }
  }
  return 0
}

/** Adds dy to dx at the first cell of each window, in row-major order, that equals y. */
export function maxPoolingBackward(
  x: usize, y: usize, dy: usize, dx: usize, planes: i32, height: i32, width: i32, kernelHeight: i32, kernelWidth: i32,
  strideY: i32, strideX: i32, outputHeight: i32, outputWidth: i32,
): void {
  const plane = (<usize>(height * width)) << 2
  memory.fill(dx, 0, <usize>planes * plane)
  const pairs = kernelHeight == 2 && kernelWidth == 2 && strideX == 2 && strideY == 2
  const down = (<usize>width) << 2
  for (; planes > 0; planes--, x += plane, dx += plane) {
    for (let row = 0; row < outputHeight; row++) {
      let column = 0
      if (pairs) {
        let cell = cellAt(x, width, row * 2, 0)
        let to = cellAt(dx, width, row * 2, 0)
        for (; column + 4 <= outputWidth; column += 4, cell += 32, to += 32, y += 16, dy += 16) {
          const best = v128.load(y)
          const grad = v128.load(dy)
          const a = v128.load(cell), b = v128.load(cell, 16), c = v128.load(cell + down), d = v128.load(cell + down, 16)
          const first = f32x4.eq(v128.shuffle<f32>(a, b, 0, 2, 4, 6), best)
          const second = v128.andnot(f32x4.eq(v128.shuffle<f32>(a, b, 1, 3, 5, 7), best), first)
          const upper = v128.or(first, second)
          const third = v128.andnot(f32x4.eq(v128.shuffle<f32>(c, d, 0, 2, 4, 6), best), upper)
          const fourth = v128.andnot(v128.andnot(f32x4.eq(v128.shuffle<f32>(c, d, 1, 3, 5, 7), best), upper), third)
          const s1 = v128.and(first, grad), s2 = v128.and(second, grad), s3 = v128.and(third, grad), s4 = v128.and(fourth, grad)
          v128.store(to, v128.shuffle<f32>(s1, s2, 0, 4, 1, 5))
          v128.store(to, v128.shuffle<f32>(s1, s2, 2, 6, 3, 7), 16)
          v128.store(to + down, v128.shuffle<f32>(s3, s4, 0, 4, 1, 5))
          v128.store(to + down, v128.shuffle<f32>(s3, s4, 2, 6, 3, 7), 16)
        }
      }
      for (; column < outputWidth; column++, y += 4, dy += 4) {
        const cell = firstEqual(cellAt(x, width, row * strideY, column * strideX), width, kernelHeight, kernelWidth, load<f32>(y))
        if (!cell) continue
        const to = cell - x + dx
        store<f32>(to, load<f32>(to) + load<f32>(dy))
      }
    }
  }
}

export function averagePoolingForward(
  x: usize, y: usize, planes: i32, height: i32, width: i32, kernelHeight: i32, kernelWidth: i32,
  strideY: i32, strideX: i32, outputHeight: i32, outputWidth: i32,
): void {
  const plane = (<usize>(height * width)) << 2
  const share: f32 = <f32>1 / <f32>(kernelHeight * kernelWidth)
  const whole = kernelHeight == height && kernelWidth == width
  for (; planes > 0; planes--, x += plane) {
    if (whole) {
      let sum = f32x4.splat(0)
      let left = height * width
      let at = x
      for (; left >= 4; left -= 4, at += 16) sum = f32x4.add(sum, v128.load(at))
      if (left > 0) sum = f32x4.add(sum, v128.and(v128.load(at), laneMask(left)))
      store<f32>(y, sumLanes(sum) * share)
      y += 4
      continue
    }
    for (let row = 0; row < outputHeight; row++) {
      for (let column = 0; column < outputWidth; column++, y += 4) {
        let sum: f32 = 0
        for (let k = 0; k < kernelHeight; k++) {
          let cell = cellAt(x, width, row * strideY + k, column * strideX)
          for (let l = 0; l < kernelWidth; l++, cell += 4) sum += load<f32>(cell)
        }
        store<f32>(y, sum * share)
      }
    }
  }
}

export function averagePoolingBackward(
  dy: usize, dx: usize, planes: i32, height: i32, width: i32, kernelHeight: i32, kernelWidth: i32,
  strideY: i32, strideX: i32, outputHeight: i32, outputWidth: i32,
): void {
  const plane = (<usize>(height * width)) << 2
  const share: f32 = <f32>1 / <f32>(kernelHeight * kernelWidth)
  if (kernelHeight == height && kernelWidth == width) {
    for (; planes > 0; planes--, dx += plane, dy += 4) {
      const grad = f32x4.splat(load<f32>(dy) * share)
      let at = dx
      for (let left = height * width; left > 0; left -= 4, at += 16) storeLanes(at, grad, left)
    }
    return
  }
  memory.fill(dx, 0, <usize>planes * plane)
  for (; planes > 0; planes--, dx += plane) {
    for (let row = 0; row < outputHeight; row++) {
      for (let column = 0; column < outputWidth; column++, dy += 4) {
        const grad = load<f32>(dy) * share
        for (let k = 0; k < kernelHeight; k++) {
          let cell = cellAt(dx, width, row * strideY + k, column * strideX)
          for (let l = 0; l < kernelWidth; l++, cell += 4) store<f32>(cell, load<f32>(cell) + grad)
        }
      }
    }
  }
}
