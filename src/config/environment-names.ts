/** The predecessors read their keys bare from the environment; a prefixed name wins over those. */
export function inherited(key: string): readonly string[] {
  return [`ZFS3BACKUP_${key}`, key];
}

/** Newer keys are words that other programs may use too, so only the prefixed name is read. */
export function own(key: string): readonly string[] {
  return [`ZFS3BACKUP_${key}`];
}
