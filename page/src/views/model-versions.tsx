/** The versions that a model is, the aliases that point at them, and its registration under a name. */
import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import type { ModelVersion, RegisteredModel } from '../api/types.js'
import { TextField } from '../components/field.js'
import { ErrorNotice } from '../components/notice.js'
import { type QueryResult, useQuery } from '../components/use-query.js'
import { link } from '../router.js'
import { useChange } from '../use-change.js'
import { PointAlias } from './point-alias.js'

/** A version with its name, whose aliases have the entity tags for a move. */
interface NamedVersion {
  version: ModelVersion
  registered: RegisteredModel
}

/** Names whose aliases are shown. A model rarely has more than one. */
const maximumNames = 10

export function useModelVersions(id: string | null): QueryResult<NamedVersion[]> {
  return useQuery(id, async (client) => {
    const { data } = await client.request('GET /models/{id}/versions', { path: { id: id ?? '' } })
    return Promise.all(
      data.slice(0, maximumNames).map(async (version) => ({
        version,
        registered: await client.request('GET /registry/{name}', { path: { name: version.name } }),
      })),
    )
  })
}

/** The references of the aliases that point at a model, such as `churn@current`. */
export const aliasReferences = (versions: readonly NamedVersion[]): string[] =>
  versions.flatMap(({ version: { name, aliases } }) => aliases.map((alias) => `${name}@${alias}`))

export function ModelVersions({ id, versions }: { id: string; versions: QueryResult<NamedVersion[]> }) {
  const { latest, error, refetch } = versions
  return (
    <div class="card">
      <div class="controls">
        <h2>Registry</h2>
        <a href={link('registry')}>All names</a>
      </div>
      <ErrorNotice error={error} />
      {latest?.length === 0 ? <p class="hint">This model is not registered under a name.</p> : null}
      {latest?.map(({ version, registered }) => (
        <article
          key={version.name}
          class="version"
          aria-label={`${version.name}, version ${version.version}`}
        >
          <p class="under">
            <a href={link('registry', version.name)}>
              {version.name}@{version.version}
            </a>
            <span class={`pill ${version.status === 'current' ? 'succeeded' : ''}`}>{version.status}</span>
            {version.aliases.map((alias) => (
              <span key={alias} class="tag">
                {alias}
              </span>
            ))}
          </p>
          {version.status === 'archived' ? (
            <p class="hint">An archived version cannot be given an alias.</p>
          ) : (
            <PointAlias registered={registered} versions={[version.version]} onChanged={refetch} />
          )}
        </article>
      ))}
      <Register id={id} onChanged={refetch} />
    </div>
  )
}

function Register({ id, onChanged }: { id: string; onChanged(): void }) {
  const [text, setText] = useState('')
  const names = useQuery('names', (client) => client.request('GET /registry', { query: { limit: 100 } }))
  const change = useChange(() => {
    setText('')
    onChanged()
    names.refetch()
  })
  const name = text.trim()
  const known = names.value?.data.find((each) => each.name === name)
  return (
    <form
      aria-label="Registration"
      onSubmit={(event) => {
        event.preventDefault()
        void change.run(() =>
          client.request('PUT /registry/{name}/versions', { path: { name }, body: { modelId: id } }),
        )
      }}
    >
      <div class="controls">
        <TextField
          label="Register under a name"
          value={text}
          onChange={setText}
          suggestions={names.value?.data.map((each) => each.name) ?? []}
        />
        <button type="submit" disabled={name === '' || change.isSending}>
          {known === undefined ? 'Register' : `Register as version ${known.lastVersion + 1}`}
        </button>
      </div>
      <ErrorNotice error={change.problem} />
    </form>
  )
}
