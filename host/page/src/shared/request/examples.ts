// Cases as requests to begin with.

/** A case in a few words; `status` is that of a denial. */
export function exampleWords({ file, name, status }: { file: string; name: string; status: number | null }): string {
  return `${file.replace(/^tests\//, '').replace(/\.ya?ml$/, '')}: ${name} (${status === null ? 'allowed' : `denied ${status}`})`;
}
