/** Sessions with tokens of a PKCS#11 module, by way of the optional package pkcs11js. */

import type * as Pkcs11Js from "pkcs11js";
import { AppError } from "../errors.ts";
import type { Pkcs11Place } from "./pkcs11-reference.ts";

/** The module, and a session on a token into which this process is logged in. */
export type TokenSession = {
  readonly constants: typeof Pkcs11Js;
  readonly module: Pkcs11Js.PKCS11;
  readonly session: Pkcs11Js.Handle;
};

/** What {@link pkcs11Tokens} needs. */
export type Pkcs11Settings = {
  /** PKCS11_MODULE: the path of the module's library. Absent: there is none. */
  readonly module?: string;
  /** PKCS11_PIN, asked for at each log-in. */
  readonly pin: () => Promise<string | undefined>;
};

/** Runs work in the session of a token, one after the other. Throws `key_unavailable` when there is no such token. */
export type Pkcs11Tokens = <T>(
  place: Pkcs11Place,
  work: (session: TokenSession) => Promise<T>,
) => Promise<T>;

/** CKR_… of a session, token or device that is gone: worth one more try with a new session. */
const LOST: ReadonlySet<number> = new Set([0x30, 0x31, 0x32, 0xb0, 0xb3, 0xe0, 0xe1, 0x101, 0x190]);
const CKR_USER_ALREADY_LOGGED_IN = 0x100;
const CKR_CRYPTOKI_ALREADY_INITIALIZED = 0x191;

/** Whether an error is one that the module told, and the value that it told. */
export function moduleCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "number") {
    return undefined;
  }
  return /^CKR_/.test(error.message) ? error.code : undefined;
}

/** Opens the module at first use. */
export function pkcs11Tokens({ module: path, pin }: Pkcs11Settings): Pkcs11Tokens {
  type Opened = { readonly constants: typeof Pkcs11Js; readonly module: Pkcs11Js.PKCS11 };
  let opening: Promise<Opened> | undefined;
  const sessions = new Map<string, Pkcs11Js.Handle>();
  let turn: Promise<unknown> = Promise.resolve();

  const open = async (): Promise<Opened> => {
    opening ??= load(path).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return await opening;
  };

  const sessionFor = async (opened: Opened, place: Pkcs11Place): Promise<Pkcs11Js.Handle> => {
    const name = JSON.stringify([...place.token].sort());
    const kept = sessions.get(name);
    if (kept !== undefined) return kept;
    const session = await logIn(opened.constants, opened.module, place, pin);
    sessions.set(name, session);
    return session;
  };

  /** A session in whatever state after a failure is not used again. */
  const dropSessions = ({ module }: Opened): void => {
    for (const session of sessions.values()) {
      try {
        module.C_CloseSession(session);
      } catch {
        // It is gone already.
      }
    }
    sessions.clear();
  };

  const once = async <T>(
    place: Pkcs11Place,
    work: (session: TokenSession) => Promise<T>,
  ): Promise<T> => {
    const opened = await open();
    try {
      return await work({ ...opened, session: await sessionFor(opened, place) });
    } catch (error) {
      if (moduleCode(error) !== undefined) dropSessions(opened);
      throw error;
    }
  };

  return (place, work) => {
    const done = turn.then(async () => {
      try {
        return await once(place, work);
      } catch (error) {
        if (!LOST.has(moduleCode(error) ?? -1)) throw error;
        return await once(place, work);
      }
    });
    turn = done.catch(() => undefined);
    return done;
  };
}

async function load(path: string | undefined): Promise<{
  readonly constants: typeof Pkcs11Js;
  readonly module: Pkcs11Js.PKCS11;
}> {
  if (path === undefined) {
    throw new AppError(
      "key_unavailable",
      "no hardware module is set: set PKCS11_MODULE to the path of its library, and PKCS11_PIN_FILE",
    );
  }
  let constants: typeof Pkcs11Js;
  try {
    const loaded: { default?: typeof Pkcs11Js } & typeof Pkcs11Js = await import("pkcs11js");
    constants = loaded.default ?? loaded;
  } catch (cause) {
    throw new AppError(
      "key_unavailable",
      "keys in hardware modules need the package pkcs11js, which does not load here: " +
        'run "npm install" where a C++ compiler is, and on Deno add --allow-ffi',
      { cause },
    );
  }
  const module = new constants.PKCS11();
  try {
    module.load(path);
    module.C_Initialize({ flags: constants.CKF_OS_LOCKING_OK });
  } catch (cause) {
    if (moduleCode(cause) !== CKR_CRYPTOKI_ALREADY_INITIALIZED) {
      throw new AppError("key_unavailable", `PKCS11_MODULE ${path} cannot be loaded: check it`, {
        cause,
      });
    }
  }
  return { constants, module };
}

async function logIn(
  constants: typeof Pkcs11Js,
  module: Pkcs11Js.PKCS11,
  { token }: Pkcs11Place,
  pin: Pkcs11Settings["pin"],
): Promise<Pkcs11Js.Handle> {
  const slots = module.C_GetSlotList(true).filter((slot) => {
    const info = module.C_GetTokenInfo(slot);
    const is: Readonly<Record<string, string>> = {
      token: info.label,
      serial: info.serialNumber,
      model: info.model,
      manufacturer: info.manufacturerID,
    };
    return [...token].every(([name, value]) => is[name]?.trimEnd() === value);
  });
  const [slot, other] = slots;
  if (slot === undefined || other !== undefined) {
    throw new AppError(
      "key_unavailable",
      `the hardware module has ${slots.length} tokens that fit: name one by token= or serial=, and check that it is there`,
    );
  }
  const secret = await pin();
  const session = module.C_OpenSession(
    slot,
    constants.CKF_SERIAL_SESSION | constants.CKF_RW_SESSION,
  );
  try {
    if (secret !== undefined) module.C_Login(session, constants.CKU_USER, secret);
  } catch (cause) {
    if (moduleCode(cause) !== CKR_USER_ALREADY_LOGGED_IN) {
      module.C_CloseSession(session);
      throw new AppError(
        "key_unavailable",
        "the hardware module refuses to log in: check PKCS11_PIN, and that the token is not locked",
        { cause },
      );
    }
  }
  return session;
}
