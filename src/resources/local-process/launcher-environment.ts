/*
 * What a run on this machine gets of the launcher's own environment. A list of what passes, since what must not pass (GITHUB_TOKEN,
 * ACTIONS_*, AWS_*, INPUT_*, …) has no end: a run that needs more says so in `env` or `secrets`.
 */

const names: ReadonlySet<string> = new Set([
  // who and where we are
  ...["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG", "LANGUAGE", "TERM"],
  ...["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"],
  // the way out of this network
  ...["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"],
  ...["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"],
  // the programs and libraries of the present environment
  ...["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONPATH", "PYENV_ROOT", "PYENV_VERSION"],
  ...["CONDA_PREFIX", "CONDA_DEFAULT_ENV", "CONDA_EXE", "CONDA_PYTHON_EXE", "CONDA_SHLVL"],
  // the machine's devices and threads
  ...["NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"],
  ...["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"],
]);
const prefixes = ["LC_", "CUDA_"] as const;
/** NVIDIA_API_KEY is why the NVIDIA_* that pass are named one by one; this holds for the prefixes too. */
const secretLooking = /KEY|TOKEN|SECRET|PASSW|CREDENTIAL/i;

type Environment = Readonly<Record<string, string | undefined>>;

/** The part of the launcher's environment that a run gets. */
export function passedOn(environment: Environment): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue;
    const byPrefix = prefixes.some((prefix) => name.startsWith(prefix)) && !secretLooking.test(name);
    if (names.has(name) || byPrefix) passed[name] = value;
  }
  return passed;
}
