import { type BaseBlock, fromBER, Sequence, Set as SetOf } from "asn1js";

/** Parts of SignedData as they were encoded: hashes and signatures are over these bytes. */
export type EncodedParts = {
  readonly certificates: readonly Uint8Array[];
  /** The attributes of the first SignerInfo, with the tag of a SET OF (RFC 5652, 5.4); absent when it has none. */
  readonly attributes?: Uint8Array;
};

const CONTEXT_SPECIFIC = 3;
const SET_TAG = 0x31;

/** Finds the parts in the DER or BER of a SignedData. */
export function encodedParts(signedData: ArrayBuffer): EncodedParts {
  const fields = itemsOf(fromBER(signedData).result);
  const certificates = itemsOf(taggedZero(fields)).map(encodingOf);
  const signers = fields.findLast((field) => field instanceof SetOf);
  const attributes = taggedZero(itemsOf(itemsOf(signers)[0]));
  return {
    certificates,
    ...(attributes === undefined ? {} : { attributes: asSet(encodingOf(attributes)) }),
  };
}

/** The SET OF that attributes with the tag [0] stand for. */
function asSet(attributes: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(attributes);
  bytes[0] = SET_TAG;
  return bytes;
}

const encodingOf = (block: BaseBlock): Uint8Array => block.valueBeforeDecodeView;

function taggedZero(blocks: readonly BaseBlock[]): BaseBlock | undefined {
  return blocks.find(({ idBlock }) =>
    idBlock.tagClass === CONTEXT_SPECIFIC && idBlock.tagNumber === 0 && idBlock.isConstructed
  );
}

function itemsOf(block: BaseBlock | undefined): readonly BaseBlock[] {
  if (block === undefined) return [];
  if (block instanceof Sequence || block instanceof SetOf) return block.valueBlock.value;
  const inside: unknown = Reflect.get(block.valueBlock, "value");
  return Array.isArray(inside) ? inside : [];
}
