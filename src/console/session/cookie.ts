/** Cookies of the console. `__Host-` binds them to this host over TLS; on loopback without TLS browsers refuse that. */

const MAX_HEADER_CHARACTERS = 16_384;

/** Names and attributes, for a console that is reached over TLS or not. */
export type Cookies = {
  read(request: Request, name: string): string | undefined;
  /** A `Set-Cookie` that scripts cannot read. `seconds`: 0 deletes it. */
  write(name: string, value: string, seconds: number, sameSite: "Strict" | "Lax"): string;
};

/** The cookies of a console at this URL. */
export function cookiesFor(consoleUrl: string): Cookies {
  const secure = new URL(consoleUrl).protocol === "https:";
  const full = (name: string): string => secure ? `__Host-wayfarer-${name}` : `wayfarer-${name}`;
  return {
    read: (request, name) => {
      const header = (request.headers.get("cookie") ?? "").slice(0, MAX_HEADER_CHARACTERS);
      const start = `${full(name)}=`;
      const found = header.split(/; */).find((part) => part.startsWith(start));
      const value = found?.slice(start.length);
      return value === undefined || !/^[\w.-]{1,200}$/.test(value) ? undefined : value;
    },
    write: (name, value, seconds, sameSite) =>
      `${full(name)}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=${sameSite}${
        secure ? "; Secure" : ""
      }`,
  };
}
