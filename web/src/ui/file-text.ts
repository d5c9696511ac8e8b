/** A file that is not text in UTF-8; what to do about it is said by failed(), in the reader's language. */
export class NotUtf8 extends Error {}

/**
 * A file's text. A browser reads bytes that are no UTF-8 as "�", so that a list saved in an older encoding would be
 * taken with every accent lost, and nobody told; here it is refused.
 */
export async function fileText(file: File): Promise<string> {
  const bytes = await file.arrayBuffer();
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new NotUtf8(file.name);
  }
}
