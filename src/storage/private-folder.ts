/** Folders that hold what other accounts of the machine have no business with. */
import { mkdir } from 'node:fs/promises'

/** Nobody else may list it. */
const OURS = 0o700
/** Nor here; but root's embedded database runs as another user and passes through to its own folder. */
const PASSED_THROUGH = 0o711

/** Makes what is missing of the path; a folder that is there keeps the mode its operator gave it. */
export async function makeDataFolder(folder: string): Promise<void> {
  const isRoot = process.getuid?.() === 0
  await mkdir(folder, { recursive: true, mode: isRoot ? PASSED_THROUGH : OURS })
}
