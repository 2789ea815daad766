import { link } from '../router.js'

/** Begins the argument of the view of a tenant; `=` is in no other argument. */
export const tenantPrefix = 'tenant='

export const tenantLink = (id: string) => link('admin', tenantPrefix + id)
