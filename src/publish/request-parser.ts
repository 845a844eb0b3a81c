import { accept, type Outcome, refuse } from "../errors.ts";
import { INTERVALS_PER_DAY } from "../model/interval.ts";
import { type MemberReader, type Members, members } from "./json-reader.ts";
import { JsonFault, JsonReader } from "./json-reader.ts";

/** One TEK of a request, as sent. */
export type RequestKey = {
  /** The base64 text itself: the certificate's MAC covers it. */
  readonly key: string;
  readonly rollingStartNumber: number;
  readonly rollingPeriod: number;
  readonly transmissionRisk: number;
};

/** A publish request of either API, parsed; absent members have their default or are undefined. */
export type PublishRequest = {
  readonly temporaryExposureKeys: readonly RequestKey[];
  /** `appPackageName` in the old API; empty when it is not told. */
  readonly healthAuthorityID: string;
  readonly verificationPayload: string | undefined;
  readonly hmacKey: string | undefined;
  readonly symptomOnsetInterval: number | undefined;
  readonly traveler: boolean;
  readonly revisionToken: string | undefined;
  /** Old API only: regions that the app asks for. */
  readonly regions: readonly string[] | undefined;
  /** What the app says that it runs on. */
  readonly platform: string | undefined;
  /** A device attestation. */
  readonly deviceVerificationPayload: string | undefined;
};

/** Regions in one request of the old API. */
export const MAX_REQUEST_REGIONS = 500;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type KeyDraft = Mutable<RequestKey>;
type Draft = Mutable<PublishRequest> & { keys: KeyDraft[]; maxKeys: number };

/** Deployed apps send `hmackey` and `hmacKey`, perhaps both in one request. */
const REPEATABLE = ["hmacKey"];

const KEY_MEMBERS = members<KeyDraft>({
  key: (json, key) => key.key = json.string(),
  rollingStartNumber: (json, key) => key.rollingStartNumber = json.int32(),
  rollingPeriod: (json, key) => key.rollingPeriod = json.int32(),
  transmissionRisk: (json, key) => key.transmissionRisk = json.int32(),
});

const ignored: MemberReader<Draft> = (json) => {
  json.string();
};

const COMMON: Readonly<Record<string, MemberReader<Draft>>> = {
  temporaryExposureKeys: (json, draft) =>
    json.array(draft.maxKeys, () => {
      const read: KeyDraft = {
        key: "",
        rollingStartNumber: 0,
        rollingPeriod: INTERVALS_PER_DAY,
        transmissionRisk: 0,
      };
      json.object(KEY_MEMBERS, read);
      draft.keys.push(read);
    }),
  verificationPayload: (json, draft) => draft.verificationPayload = json.string(),
  hmacKey: (json, draft) => {
    const sent = json.string();
    if (draft.hmacKey !== undefined && draft.hmacKey !== sent) json.fail("two different values");
    draft.hmacKey = sent;
  },
  symptomOnsetInterval: (json, draft) => draft.symptomOnsetInterval = json.int32(),
  traveler: (json, draft) => draft.traveler = json.boolean(),
  revisionToken: (json, draft) => draft.revisionToken = json.string(),
  padding: ignored,
  platform: (json, draft) => draft.platform = json.string(),
  deviceVerificationPayload: (json, draft) => draft.deviceVerificationPayload = json.string(),
};

const V1 = members<Draft>({
  ...COMMON,
  healthAuthorityID: (json, draft) => draft.healthAuthorityID = json.string(),
}, REPEATABLE);

const V1_ALPHA_1 = members<Draft>({
  ...COMMON,
  appPackageName: (json, draft) => draft.healthAuthorityID = json.string(),
  regions: (json, draft) => {
    const regions: string[] = [];
    json.array(MAX_REQUEST_REGIONS, () => regions.push(json.string()));
    draft.regions = regions;
  },
}, REPEATABLE);

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The request in the body of `POST /v1/publish`. Refusals are `bad_request` and say what and where. */
export function parsePublish(body: Uint8Array, maxKeys: number): Outcome<PublishRequest> {
  return parse(body, maxKeys, V1);
}

/** The request in the body of the old API's `POST /`. */
export function parseAlphaPublish(body: Uint8Array, maxKeys: number): Outcome<PublishRequest> {
  return parse(body, maxKeys, V1_ALPHA_1);
}

const STATS = members<object>({
  padding: (json) => {
    json.string();
  },
});

/** Whether the body of `POST /v1/stats` is what it must be; there is nothing in it but padding. */
export function parseStatsRequest(body: Uint8Array): Outcome<object> {
  return read(body, STATS, {});
}

function parse(
  body: Uint8Array,
  maxKeys: number,
  known: Members<Draft>,
): Outcome<PublishRequest> {
  const outcome = read<Draft>(body, known, {
    keys: [],
    maxKeys,
    temporaryExposureKeys: [],
    healthAuthorityID: "",
    verificationPayload: undefined,
    hmacKey: undefined,
    symptomOnsetInterval: undefined,
    traveler: false,
    revisionToken: undefined,
    regions: undefined,
    platform: undefined,
    deviceVerificationPayload: undefined,
  });
  if (!outcome.ok) return outcome;
  const { keys, maxKeys: _, ...request } = outcome.value;
  return accept({ ...request, temporaryExposureKeys: keys });
}

/** Reads the one JSON object of a body into `draft`. */
function read<T>(body: Uint8Array, known: Members<T>, draft: T): Outcome<T> {
  if (body.length === 0) return refuse("bad_request", "the body is empty");
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    return refuse("bad_request", "the body is not UTF-8");
  }
  try {
    const json = new JsonReader(text);
    json.object(known, draft);
    json.end();
  } catch (error) {
    if (error instanceof JsonFault) return refuse("bad_request", error.message);
    throw error;
  }
  return accept(draft);
}
