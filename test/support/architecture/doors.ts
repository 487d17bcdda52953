/** A room whose files are all for others, or that has none but in rooms with doors of their own. */
export const everyFile = "*";

/** Of each room the files that others may import, by their names. */
export type Doors = Readonly<Record<string, string>>;

/** What a plug-in shows of itself: more is said by the rules of plug-ins. */
export const doorsOfPlugin = "index schema traits";

/**
 * The doors of each room. A file that isn't named here is its room's own. A room within a room has doors for its neighbours; what is a door of the
 * outer one too stands there, once (`holding/give-up-left`).
 */
export const doors: Doors = {
  action: "main post",
  agent: "agent agent-settings holding/give-up-left request stop-agents",
  "agent/holding": "clear-left hold sweep-elsewhere takeover",
  "agent/leases": "heartbeat life liveness own-beat process-fact retrying waking",
  "agent/taking": "counting room slots take wait-reason",
  builders: "builder index",
  cli: "main",
  "cli/commands":
    "agent agents change-runs define-queue doctor init list list-queues logs migrate prune run show show-queue store trust validate wait",
  "cli/commands/following": "follow-runs",
  "cli/commands/running": "follow-enqueued show-end show-plans",
  "cli/program": "desk-services flags open-runs program submission-from-flags tokens",
  "cli/terminal": "columns console failure faults json-log open-log watch",
  clients: everyFile,
  "clients/docker": "build build-progress buildx container docker image login pull remove-image version",
  "clients/git":
    "branch-files git objects/list-tree objects/object-format objects/read-objects objects/tree-format objects/write-objects patch patch-secrets refs remotes/fetch-commit remotes/info-refs remotes/list-remote remotes/ls-refs remotes/public-access remotes/remote-access remotes/remote-refs repository scratch-repository temporary-index",
  "clients/git/objects": "",
  "clients/git/remotes": "fetch",
  "clients/github": "api",
  "clients/postgres": "database fault listener",
  "clients/uv": "uv",
  core: "clock command-line counted duration errors field-fault finding folders/held folders/names folders/own-file folders/old folders/pinned folders/real-path folders/remove folders/size folders/write-named folders/write-whole http image-reference interruption json loopback output/credentials output/lines output/log output/output-pump output/own-secrets output/redacted-fields output/redacted-log output/redaction output/said output/secrets/secret-search output/terminal-text output/writer process process-identity pruning renewed-token state-directory token url version",
  "core/folders": "",
  "core/output": "",
  "core/output/secrets": "",
  environments: "environment index",
  github: "context credentials dispatch job-liveness store summary",
  inspect: "doctor list logs show",
  launch:
    "admit adopt-queued first-record launch launch-queued plan-launch plan-lines prepare queued-source secrets services source-request store-writer",
  machine:
    "attempts-here clear-run elsewhere keep-alive live-entry log-file outputs own-folder prune-machine prune-runs run-folders run-log sweep sweep-services unread-entry",
  python: "markers packages pinned-python pyproject requirement requirements-file uv-lock version-range",
  queueing:
    "agent-slots cancel-runs enqueue enqueue-request find-queued find-run migrate move-runs queue-definitions queues-on-demand ranked-queue unread-runs wait-runs watch-queues",
  queues: "definition estimate key order templates",
  registries: "index registry",
  reporting:
    "again agent-report describe enqueued-report output-marks phase-line queue-changes queue-report report run-report run-words summary words",
  resources: "index resource start-wait",
  run: "beat bounds document duration-field end-of-attempt handle head job-liveness names/identity names/keyed-run-id outcome provenance read-record record redaction/own-messages redaction/record-words retry run-id source-words states transitions transitions/bare-end transitions/between-stores transitions/head-and-record unreadable",
  "run/names": "",
  "run/redaction": "",
  "run/transitions": "attempt-record",
  sources: "index named-folder source",
  "sources/git/work-tree": "git-place inspection pipe-watch stand-in status working-tree",
  spec: "config/environment config/launch-config config/left-out config/profile config/reach config/trust launch-spec/launch-spec launch-spec/macros queue-definition/edit-definition queue-definition/queue-definition reading/fault reading/located reading/parse reading/read reading/render-faults reading/suggestion reading/words resolve/explain resolve/resolution resolve/resolve resolve/resolve-config",
  "spec/config": "config-checks",
  "spec/launch-spec": "checks fields normal-form refused",
  "spec/queue-definition": "asked-queue",
  "spec/reading": "issues",
  "spec/resolve": "merge",
  stores:
    "administration agent-store choose-store definition-store index location queue-store refused-document store whole-store",
  "stores/git/definitions": "definition-branch definitions",
  "stores/git/log": "fold folded history index-months remove-folded",
  "stores/git/queue":
    "enqueue head-cache marks put-unread queue-context queue-listing queue-refs snapshot store-id transitions",
  "stores/git/repository": "bare-repository local-copy pace remote-repository repository seen-branch settle",
  "stores/git/runs": "documents event own-runs read-runs read-tips run-files",
  "stores/postgres/migrations": "index",
  submit:
    "chosen-store config draft intake owner reproduce result settings/agent-table settings/job-table settings/launch-table settings/overlays settings/setting settings/tables submission submit trusting",
  "submit/settings": "",
};
