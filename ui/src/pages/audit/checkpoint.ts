import type { CheckpointShown } from "../../api";
import { canonical } from "./chain";

/** What a checkpoint says: so many entries, the last with this hash; `signed`: by its key, as far as this browser can tell. */
export interface Vouched {
  seq: number;
  head: string;
  at: string;
  key: string;
  signed: "yes" | "no" | "unknown";
}

/** A checkpoint as the API or a kept file has it. Throws for what is none. */
export async function vouchedBy({ checkpoint, public_key }: CheckpointShown): Promise<Vouched> {
  const { seq, hash, at, key, signature, kind } = checkpoint;
  if (kind !== "cuebook-audit-checkpoint-v1" || typeof seq !== "number" || typeof hash !== "string") {
    throw new TypeError("This is no checkpoint.");
  }
  const signed = await signs(public_key, String(signature), { ...checkpoint, signature: undefined });
  return { seq, head: hash, at: String(at), key: String(key), signed };
}

async function signs(publicKey: string, signature: string, said: Record<string, unknown>): Promise<Vouched["signed"]> {
  try {
    const key = await crypto.subtle.importKey("raw", bytes(publicKey), "Ed25519", false, ["verify"]);
    const text = new TextEncoder().encode(canonical(JSON.parse(JSON.stringify(said))));
    return (await crypto.subtle.verify("Ed25519", key, bytes(signature), text)) ? "yes" : "no";
  } catch {
    return "unknown";
  }
}

const bytes = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
