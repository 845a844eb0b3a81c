/** What a gateway of the European kind keeps: uploads, batches of them, and who is told. */

/** A certificate as an upload used it. */
export type UsedCertificate = {
  readonly thumbprint: string;
  readonly country: string;
  /** Byte by byte as the operator gave it. */
  readonly pem: string;
  readonly operatorSignature?: string | undefined;
};

/** An upload that passed all checks. */
export type GatewayUpload = {
  readonly tag: string;
  readonly country: string;
  /** Of the protocol: batches hold one version. */
  readonly version: string;
  readonly authentication: UsedCertificate;
  readonly signing: UsedCertificate;
  readonly signature: string;
  readonly keyCount: number;
  /** A DiagnosisKeyBatch in protobuf, in the order of the request. */
  readonly keys: Uint8Array;
  /** SHA-256 of what is signed for each key, in hex, each once. */
  readonly hashes: readonly string[];
};

/** What became of an upload. `known`: hashes, in hex, of keys that are there already; then nothing was stored. */
export type UploadVerdict =
  | { readonly kind: "stored" }
  | { readonly kind: "tag-taken" }
  | { readonly kind: "known"; readonly known: ReadonlySet<string> };

/** Uploads to our gateway. */
export type GatewayUploads = {
  isTagTaken(tag: string): Promise<boolean>;
  /** Which of these hashes are there, in hex. */
  knownOf(hashes: readonly string[]): Promise<ReadonlySet<string>>;
  /** Stores an upload whole or not at all. One whose tag is just being stored waits for that to end. */
  add(upload: GatewayUpload): Promise<UploadVerdict>;
};

/** A batch of our gateway. */
export type GatewayBatch = {
  readonly id: number;
  /** `YYYYMMDD-N`. */
  readonly tag: string;
  /** UTC days since the epoch. */
  readonly day: number;
  /** Absent: it is the newest. */
  readonly nextTag?: string;
};

/** An upload as the audit shows it. */
export type AuditedUpload = {
  readonly country: string;
  /** UTC seconds. */
  readonly uploadedAt: number;
  readonly authentication: AuditedCertificate;
  readonly signing: AuditedCertificate;
  readonly keyCount: number;
  readonly signature: string;
};

/** A certificate as it was when an upload used it. */
export type AuditedCertificate = {
  readonly thumbprint: string;
  readonly pem: string;
  readonly operatorSignature: string | null;
};

/** What making batches did. */
export type BatchesMade = {
  readonly batches: number;
  readonly keys: number;
  /** Uploads that are larger than a batch may be: they wait until the limit is raised. */
  readonly oversized: number;
};

/** Batches of our gateway. */
export type GatewayBatches = {
  find(tag: string): Promise<GatewayBatch | undefined>;
  /** The first batch of a day or of a later one. */
  firstFrom(day: number): Promise<GatewayBatch | undefined>;
  /** The keys of each upload in a batch that is not the country's own, in the order of insertion. */
  keysFor(batch: number, exceptCountry: string): Promise<readonly Uint8Array[]>;
  audit(batch: number): Promise<readonly AuditedUpload[]>;
  /** Makes batches of whole uploads that wait, at most `maxKeys` keys each, linked in order. For one maker at a time. */
  make(maxKeys: number): Promise<BatchesMade>;
  /** Forgets keys of batches before a day, and hashes of uploads before another; answers how many. */
  forget(batchesBefore: number, hashesBefore: number): Promise<number>;
};

/** Where a country wants to be told of new batches. */
export type Subscription = {
  readonly id: string;
  readonly url: string;
  /** UTC seconds since when it is not called any more, and why. */
  readonly failedAt?: number;
  readonly failure?: string;
};

/** A call to make. */
export type CallbackTask = {
  readonly id: number;
  readonly country: string;
  readonly callback: string;
  readonly url: string;
  readonly tag: string;
  /** UTC days since the epoch. */
  readonly day: number;
  /** How often it was tried. */
  readonly tries: number;
};

/** Subscriptions to our gateway, and the calls that wait. */
export type GatewayCallbacks = {
  list(country: string): Promise<readonly Subscription[]>;
  /** Makes or replaces a subscription; one that had failed works again. False: the country has `limit` others already. */
  put(country: string, id: string, url: string, limit: number): Promise<boolean>;
  /** False when there is none. */
  remove(country: string, id: string): Promise<boolean>;
  /** The first call of each subscription, when it is due. */
  due(): Promise<readonly CallbackTask[]>;
  done(task: number): Promise<void>;
  again(task: number, waitSeconds: number): Promise<void>;
  /** Marks a subscription as failed and forgets its calls. */
  fail(country: string, id: string, failure: string): Promise<void>;
};
