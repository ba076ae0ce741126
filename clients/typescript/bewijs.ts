// Verifies what the hub signed with nothing but its public key: a receipt, and where a delivery came from. The form is written at
// `Ondertekening` in receipt.proto. That every field of a view is the sender's own is proved by more, see `Veldbewijs` in bewijs.proto;
// `ketenhub view verify` does it.

import { createHash, createPublicKey, verify } from "node:crypto";
import type { Message } from "@bufbuild/protobuf";

/** Fields in ascending order and no unknown ones, by the contract's name of the message. */
export type Canonical = (name: string, message: Message) => Uint8Array;

type Ondertekening = { bladIndex: number; boomgrootte: number; pad: Uint8Array[]; handtekening: Uint8Array };
type Herkomst = Message & { afzenderOin: string; berichtId: string };
export type Bericht = Message & { berichtId: string };
export type Receipt = Message & { ondertekening?: Ondertekening; zaad: Uint8Array; digest: Uint8Array };
export type Levering = Message & {
  postvaknummer: bigint;
  afzenderOin: string;
  inhoud: { case: "bericht"; value: Bericht } | { case: "nietZichtbaar"; value: number } | { case: undefined };
  bewijs?: { herkomst?: Herkomst; ondertekening?: Ondertekening };
};

const sha256 = (...parts: Uint8Array[]) => createHash("sha256").update(Buffer.concat(parts)).digest();

/** Throws unless the holder of the key signed a tree with this leaf (RFC 9162, 2.1.3.2). */
function verifyLeaf(leaf: Uint8Array, signed: Ondertekening | undefined, key: string) {
  if (!signed) throw new Error("it is not signed");
  let [at, last, root] = [signed.bladIndex, signed.boomgrootte - 1, sha256(leaf)];
  if (at > last) throw new Error("the leaf lies outside the tree");
  for (const beside of signed.pad) {
    if (last === 0) throw new Error("the path is too long");
    if (at & 1 || at === last) {
      root = sha256(Buffer.of(1), beside, root);
      while (at && !(at & 1)) [at, last] = [at >> 1, last >> 1];
    } else {
      root = sha256(Buffer.of(1), root, beside);
    }
    [at, last] = [at >> 1, last >> 1];
  }
  if (last !== 0) throw new Error("the path is too short");
  const x = Buffer.from(key, "hex").toString("base64url");
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const text = Buffer.concat([Buffer.from("ketenhub-receipt-v1\0"), root]);
  if (!verify(null, text, publicKey, signed.handtekening)) throw new Error("the signature is not of this hub");
}

/** Throws unless the hub accepted this very message, to these recipients, at this moment. */
export function verifyReceipt(receipt: Receipt, bericht: Bericht, key: string, canonical: Canonical) {
  const body: Receipt = { ...receipt, ondertekening: undefined, zaad: new Uint8Array() };
  verifyLeaf(Buffer.concat([Buffer.of(0), canonical("Receipt", body)]), receipt.ondertekening, key);
  if (!sha256(canonical("Bericht", bericht)).equals(receipt.digest)) throw new Error("the receipt is of another message");
}

/** Throws unless the hub signed that this sender submitted the message with this id. */
export function verifyOrigin(levering: Levering, key: string, canonical: Canonical) {
  const { herkomst, ondertekening } = levering.bewijs ?? {};
  if (!herkomst || levering.inhoud.case !== "bericht") throw new Error("it is not proved");
  verifyLeaf(Buffer.concat([Buffer.of(2), canonical("Herkomst", herkomst)]), ondertekening, key);
  if (herkomst.afzenderOin !== levering.afzenderOin || herkomst.berichtId !== levering.inhoud.value.berichtId) {
    throw new Error("the proof is of another message");
  }
}
