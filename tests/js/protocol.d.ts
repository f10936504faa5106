// The types of what live.js and tabs.js say and hear. For tsc alone: nothing of this goes to browsers.

type Live = typeof import("../../src/hunt/web/static/live.js");
type OneOf<T> = T[keyof T];

// The protocol: docs/protocol.md says what each part means.

type Kind = OneOf<Live["Kind"]>;
type Params = Record<string, string>;

/** A place in the log. */
type Place = { id: number; mac: string | null };

/** What a page wants, and what it has. */
type Wanted = { dataset: string; params?: Params; since?: number; mac?: string | null };

/** A value of a replaced dataset; `html` where a fragment was asked for. */
type Value = { epoch: number; html?: string };

/** An entry of the activity log. */
type Entry = { id: number; type: string; timestamp: string; text: string; slug?: string; href?: string };

type Append = { prev: number; entries: Entry[]; id: number; mac: string };

type Frame =
  | { type: "hello"; conn: string; build: string; log: Place }
  | { type: "head"; id: number; mac: string }
  | { type: "sub"; rpc: number; sub: string; kind: Kind }
  | { type: "unsub"; rpc: number; sub: string }
  | { type: "pong"; rpc: number }
  | { type: "fail"; rpc: number | null; code: string; error: string }
  | AboutSub;

/** A frame that brings what a subscription is for. */
type AboutSub = { sub: string } & ({ type: "update"; value: Value } | ({ type: "append" } & Append) | { type: "reset" });

type FrameOf<T extends Frame["type"]> = Extract<Frame, { type: T }>;

/** A subscription as it is called, with its name for this call. */
type SubCall = { sub: string; dataset: string; params: Params; since?: number; mac?: string };

type Call = ({ method: "sub" } & SubCall) | { method: "unsub"; sub: string } | { method: "ping" };

/** The body of an answer to a poll with its HTTP status (0: none came); `again` in seconds. */
type PollAnswer = { status: number; again?: number; frames?: Frame[]; token?: string };

// live.js

type SocketState = OneOf<Live["SocketState"]>;

/** How the line is. `since`: milliseconds since 1970, the last sign of life or the end of the session. */
type Status = { state: OneOf<Live["LineState"]>; since: number | null; caughtUp?: boolean };

type Subscription = {
  key: string;
  dataset: string;
  params: Params;
  cursor: number;
  mac: string | null;
  /** Its name in the last call. */
  id: string;
  answered: boolean;
  /** Unknown until the server has said it. */
  kind: Kind | null;
};

/** What a poll calls `id`, by its place `rpc`. */
type PollCall = { key: string; id: string; rpc: number };

/** What the shell is to do, and news for tabs. */
type Effect = { do: "connect" } | { do: "close" } | { do: "send"; frame: { rpc: number } & Call } | { do: "poll"; body: PollBody } | News;
type PollBody = { subs: SubCall[]; token: string };
type News =
  | { do: "hello"; build: string }
  | { do: "status"; status: Status }
  | { do: "update"; key: string; value: Value }
  | { do: "append"; key: string; entries: Entry[]; id: number; mac: string }
  | { do: "reset"; key: string }
  | { do: "refused"; key: string; code: string; error: string };

type NewsOf<T extends News["do"]> = Extract<News, { do: T }>;

// tabs.js

type FromTab = { type: "attach"; subs: Wanted[] } | { type: "detach" } | { type: "wake" };

type ToTab =
  | { type: "here" }
  | { type: "hello"; build: string }
  | { type: "status"; status: Status }
  | { type: "update"; key: string; value: Value }
  | ({ type: "append"; key: string; entries: Entry[] } & Place)
  | { type: "reset"; key: string }
  | { type: "refused"; key: string; code: string };

/** What is kept of a subscription for tabs that come later: a value, or the entries after `floor` up to the place. */
type Held = { value: Value | null; ring: Entry[]; floor: number } & Place;
