/** An alias of a name: its version, its history, the way back, and its deletion. */
import { client } from '../api/client.js'
import type { Alias, AliasMove } from '../api/types.js'
import { DeleteButton } from '../components/delete-button.js'
import { TableHead } from '../components/table-head.js'
import { useQuery } from '../components/use-query.js'
import { ago } from '../format.js'
import { link } from '../router.js'
import { useChange } from '../use-change.js'
import { ChangeNotice } from './change-notice.js'

const shownMoves = 20

export function AliasCard({ alias: shown, onChanged }: { alias: Alias; onChanged(): void }) {
  const { name, alias, version, modelId, etag, movedAt } = shown
  const change = useChange(onChanged)
  const history = useQuery(etag, (client) =>
    client.request('GET /registry/{name}/aliases/{alias}/history', {
      path: { name, alias },
      query: { limit: shownMoves },
    }),
  )
  const moves = history.latest?.data ?? []
  const previous = moves[0]?.from ?? null
  const place = { path: { name, alias }, headers: { 'if-match': etag } }
  return (
    <article class="card" aria-label={`Alias ${alias}`}>
      <div class="heading">
        <div>
          <h3>{alias}</h3>
          <p class="under">
            <a href={link('models', modelId)}>version {version}</a>
            <span>since {ago(movedAt)}</span>
          </p>
        </div>
        <div class="actions">
          {previous === null ? null : (
            <button
              type="button"
              disabled={change.isSending}
              onClick={() =>
                void change.run(() => client.request('POST /registry/{name}/aliases/{alias}/rollback', place))
              }
            >
              Roll back to version {previous}
            </button>
          )}
          <DeleteButton
            what={alias}
            onConfirm={() =>
              void change.run(() => client.request('DELETE /registry/{name}/aliases/{alias}', place))
            }
          />
        </div>
      </div>
      <ChangeNotice problem={change.problem ?? history.error} />
      <details>
        <summary>History of {alias}</summary>
        <History moves={moves} />
        {history.latest?.hasMore ? <p class="hint">The API lists earlier moves.</p> : null}
      </details>
    </article>
  )
}

const actionNames: Record<AliasMove['action'], string> = {
  created: 'created',
  moved: 'moved',
  rolledBack: 'rolled back',
  deleted: 'deleted',
}

function History({ moves }: { moves: readonly AliasMove[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolling by keyboard needs focus
    <section class="scroll" tabIndex={0} aria-label="Moves">
      <table class="plain small">
        <TableHead heads={['When', 'Action', 'From', 'To', 'Key']} />
        <tbody>
          {moves.map(({ id, action, from, to, keyId, createdAt }) => (
            <tr key={id}>
              <td>{ago(createdAt)}</td>
              <td>{actionNames[action]}</td>
              <td>{from ?? '–'}</td>
              <td>{to ?? '–'}</td>
              <td>{keyId ?? 'none'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
