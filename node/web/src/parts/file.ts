// Files that people carry: what the node wrote, sealed, to a file of the browser, and
// back. Nothing of it can be read without the computer that it is for.

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

/** Let the browser save it. */
export function give(name: string, base64: string): void {
  const url = URL.createObjectURL(new Blob([bytesOf(base64)], { type: "application/octet-stream" }));
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  document.body.append(a);
  a.click();
  a.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

const CHUNK = 0x8000;

export async function take(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += CHUNK)
    text += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  return btoa(text);
}
