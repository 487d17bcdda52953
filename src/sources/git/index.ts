import { LaunchError } from "../../core/errors.ts";
import type { SourcePlugin } from "../source.ts";
import { resolveCheckout } from "./checkout.ts";
import { resolveRemote } from "./remote.ts";

export const plugin: SourcePlugin = {
  resolve: (request, context) => {
    if (request.kind === "checkout") return resolveCheckout(request, context);
    if (request.kind === "remote") return resolveRemote(request, context);
    const refusal = `the git source can't take a source of kind "${request.kind}"`;
    return Promise.reject(new LaunchError("source-failed", refusal));
  },
};
