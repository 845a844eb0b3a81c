import type { Children, Html } from "./html.ts";
import { Icon } from "./icon.tsx";

/** What is wrong with what was typed, by the field's name. */
export type FieldFaults = Readonly<Record<string, string>>;

/** A form that changes something: it carries the session's token. */
export function Form({ csrf, action, kind = "form", children }: {
  readonly csrf: string;
  readonly action: string;
  /** Classes: `form`, `actions`, `card form`. */
  readonly kind?: string;
  readonly children?: Children;
}): Html {
  return (
    <form method="post" action={action} class={kind}>
      <input type="hidden" name="csrf" value={csrf} />
      {children}
    </form>
  );
}

/** A form that is one button. */
export function ActionButton({ csrf, action, name, kind = "quiet", fields = {} }: {
  readonly csrf: string;
  readonly action: string;
  readonly name: string;
  readonly kind?: string;
  readonly fields?: Readonly<Record<string, string>>;
}): Html {
  return (
    <Form csrf={csrf} action={action} kind="actions">
      <Hidden fields={fields} />
      <button type="submit" class={`button ${kind}`}>{name}</button>
    </Form>
  );
}

/** Values that go along unseen. */
export function Hidden({ fields }: { readonly fields: Readonly<Record<string, string>> }): Html {
  return (
    <>
      {Object.entries(fields).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
    </>
  );
}

/** One field of a form. */
export type FieldProps = {
  readonly name: string;
  readonly label: string;
  readonly hint?: Children;
  readonly value?: string;
  readonly faults?: FieldFaults;
  /** `short`, `mid`, `mono`. */
  readonly width?: string;
  readonly type?: "text" | "number" | "date" | "url";
  /** Several lines. */
  readonly lines?: boolean;
  readonly choices?: readonly string[];
};

/** A label, what it is for, what is wrong with it, and the control. */
export function Field(props: FieldProps): Html {
  const { name, label, hint, value = "", faults = {}, width, type = "text" } = props;
  const fault = faults[name];
  const described = [
    ...(hint === undefined ? [] : [`${name}-hint`]),
    ...(fault === undefined ? [] : [`${name}-error`]),
  ].join(" ");
  const shared = {
    id: name,
    name,
    ...(described === "" ? {} : { "aria-describedby": described }),
    ...(fault === undefined ? {} : { "aria-invalid": "true" as const }),
  };
  return (
    <div class={fault === undefined ? "field" : "field wrong"}>
      <label for={name}>{label}</label>
      {hint === undefined ? null : <p class="hint" id={`${name}-hint`}>{hint}</p>}
      {fault === undefined ? null : (
        <p class="error" id={`${name}-error`}>
          <Icon tone="bad" />
          <span>{fault}</span>
        </p>
      )}
      {props.choices !== undefined
        ? (
          <select {...shared} class={width}>
            {props.choices.map((choice) => <option selected={choice === value}>{choice}</option>)}
          </select>
        )
        : props.lines === true
        ? (
          <textarea {...shared} spellcheck={false} autocomplete="off">
            {/* A newline at the beginning of a textarea is not part of its value. */}
            {`\n${value}`}
          </textarea>
        )
        : (
          <input
            {...shared}
            type={type}
            value={value}
            class={width}
            autocomplete="off"
            spellcheck={false}
          />
        )}
    </div>
  );
}

/** A switch, or one of several choices. */
export function Choice({ name, label, hint, on, value = "on", one = false }: {
  readonly name: string;
  readonly label: string;
  readonly hint?: Children;
  readonly on: boolean;
  readonly value?: string;
  /** Whether only one of those with this name may be chosen. */
  readonly one?: boolean;
}): Html {
  const id = one ? `${name}-${value}` : name;
  return (
    <div class="choice">
      <input
        type={one ? "radio" : "checkbox"}
        id={id}
        name={name}
        value={value}
        checked={on}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
      />
      <label for={id}>{label}</label>
      {hint === undefined ? null : <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

/** All that is wrong, before the form, each a link to its field. */
export function ErrorSummary({ faults }: { readonly faults: FieldFaults }): Html | null {
  const all = Object.entries(faults);
  if (all.length === 0) return null;
  return (
    <div class="summary" role="alert" tabindex={-1} aria-labelledby="summary">
      <h2 id="summary">
        {all.length === 1 ? "One thing to correct" : `${all.length} things to correct`}
      </h2>
      <ul>
        {all.map(([name, text]) => (
          <li>
            <a href={`#${name}`}>{text}</a>
          </li>
        ))}
      </ul>
    </div>
  );
}
