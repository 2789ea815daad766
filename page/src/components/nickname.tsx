/** The head of the row of a participant. */
export function Nickname({ name, isOwn }: { name: string; isOwn: boolean }) {
  return (
    <th scope="row" class="nickname">
      {name}
      {isOwn ? (
        <>
          {' '}
          <span class="tag">you</span>
        </>
      ) : null}
    </th>
  )
}
