/** A bar as long as a share of the whole, for the eye alone: its number stands beside it. */
export function Meter({ share }: { share: number }) {
  return <span class="meter" aria-hidden="true" style={{ '--share': share }} />
}
