// What merge.js uses, for tsc alone.

type Options = {
  morphStyle: "innerHTML" | "outerHTML";
  callbacks: {
    beforeNodeMorphed?: (old: Node, fresh: Node) => boolean;
    beforeAttributeUpdated?: (name: string) => boolean;
    afterNodeAdded?: (node: Node) => void;
  };
};

export const Idiomorph: { morph(old: Element, fresh: Node | Node[], options: Options): void };
