/** A picture in millimetres: shapes are painted one over another, as a painter does. */

export interface Canvas {
  readonly width: number
  readonly height: number
  /** Millimetres per pixel. */
  readonly spacing: number
  readonly values: Float32Array
}

/** Centre and half-axes in millimetres from the middle of the picture; `turn` in radians. */
export interface Ellipse {
  readonly x: number
  readonly y: number
  readonly a: number
  readonly b: number
  readonly turn?: number
}

export function makeCanvas(size: number, spacing: number, background: number): Canvas {
  const values = new Float32Array(size * size).fill(background)
  return { width: size, height: size, spacing, values }
}

export function paint(canvas: Canvas, shape: Ellipse, value: number): void {
  paintWith(canvas, shape, () => value)
}

/** `shade` gets the old value and the squared distance from the centre (0) to the edge (1). */
export function paintWith(
  canvas: Canvas,
  shape: Ellipse,
  shade: (old: number, squaredRadius: number) => number,
): void {
  if (shape.a <= 0 || shape.b <= 0) return
  const { width, height, spacing, values } = canvas
  const cos = Math.cos(shape.turn ?? 0)
  const sin = Math.sin(shape.turn ?? 0)
  const reach = Math.max(shape.a, shape.b)
  const [left, right] = span(shape.x, reach, { spacing, size: width })
  const [top, bottom] = span(shape.y, reach, { spacing, size: height })
  for (let row = top; row <= bottom; row += 1) {
    const dy = (row + 0.5 - height / 2) * spacing - shape.y
    for (let column = left; column <= right; column += 1) {
      const dx = (column + 0.5 - width / 2) * spacing - shape.x
      const u = (dx * cos + dy * sin) / shape.a
      const v = (dy * cos - dx * sin) / shape.b
      const squaredRadius = u * u + v * v
      if (squaredRadius > 1) continue
      const index = row * width + column
      values[index] = shade(values[index] ?? 0, squaredRadius)
    }
  }
}

function span(
  centre: number,
  reach: number,
  { spacing, size }: { readonly spacing: number; readonly size: number },
): readonly [number, number] {
  const first = Math.floor((centre - reach) / spacing + size / 2)
  const last = Math.ceil((centre + reach) / spacing + size / 2)
  return [Math.max(0, first), Math.min(size - 1, last)]
}

/** A 3 × 3 binomial blur: the point spread of a scanner. */
export function blur({ width, height, values }: Canvas): void {
  blurLines(values, { lines: height, length: width, stride: 1, pitch: width })
  blurLines(values, { lines: width, length: height, stride: width, pitch: 1 })
}

function blurLines(
  values: Float32Array,
  way: { readonly lines: number; length: number; stride: number; pitch: number },
): void {
  for (let line = 0; line < way.lines; line += 1) {
    let at = line * way.pitch
    let before = values[at] ?? 0
    let here = before
    for (let step = 0; step < way.length; step += 1) {
      const after = step + 1 < way.length ? (values[at + way.stride] ?? 0) : here
      values[at] = (before + 2 * here + after) / 4
      before = here
      here = after
      at += way.stride
    }
  }
}

/** Little-endian 16-bit pixels, rounded and held within [least, most]. */
export function to16Bit(values: Float32Array, least: number, most: number): Uint8Array {
  const pixels = new Uint8Array(values.length * 2)
  const view = new DataView(pixels.buffer)
  for (let index = 0; index < values.length; index += 1) {
    const value = Math.round(Math.min(most, Math.max(least, values[index] ?? 0)))
    view.setUint16(index * 2, value & 0xffff, true)
  }
  return pixels
}
