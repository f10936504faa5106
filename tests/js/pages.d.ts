// The types of what pages ask for and hold. For tsc alone: nothing of this goes to browsers.

/** The body of an answer: an error has `code` and `detail`, a guess the rest. */
type Answer = {
  code?: string;
  detail?: string;
  retry_after?: number;
  canonical_input?: string;
  verdict?: string;
  response?: string;
  duplicate?: boolean;
};

/** What `post` gives; status 0 where no answer came, `sentence` for people where it is not ok. */
type Reply = { status: number; sentence: string } & ({ ok: true; body: Answer } | { ok: false; body: Answer | null });

/** The elements that a selector finds: by the tag that it ends with, where it says one. */
type Found<S extends string> = S extends "[data-draft]"
  ? Field
  : S extends `${string},${string}`
    ? HTMLElement
    : S extends `${string} ${infer Last}`
      ? Found<Last>
      : S extends `${infer Tag}${"[" | "." | "#"}${string}`
        ? Found<Tag>
        : S extends keyof HTMLElementTagNameMap
          ? HTMLElementTagNameMap[S]
          : HTMLElement;

/** What the templates have by these ids. Without undefined: on every page, or wherever there is a guess form. */
interface Ids {
  main: HTMLElement;
  strip: HTMLElement;
  toasts: HTMLElement;
  theme: HTMLElement;
  "guess-form": HTMLFormElement | undefined;
  guess: HTMLInputElement;
  "guess-wait": HTMLElement;
  "guess-button": HTMLButtonElement;
  [id: string]: HTMLElement | undefined;
}

// Narrower than in the DOM's own types: these are sent to forms, and to elements.
interface SubmitEvent {
  readonly target: HTMLFormElement;
}
interface MouseEvent {
  readonly target: Element;
}

/** What a table's filters say, by name. */
type Filters = Record<string, string>;

/** What keeps a draft. */
type Field = HTMLInputElement | HTMLTextAreaElement;
