-- SPDX-License-Identifier: MIT
-- scenario owns policies tested like code: it runs a file of cases and says what came of them.
local arguments = require("netpol.arguments").join()
local core, REPORTS = arguments.core, { "text", "json", "junit" }
local hidden, format_of = arguments.hidden, arguments.format_of

local scenario = {}
local Report = arguments.class "report"

--- Runs a scenario file (docs/scenarios.md): the table of what `netpol test -o json` prints, with `passed`
--- besides, true only if everything is as the file says. nil, message, diagnostics: it could not be run.
function scenario.test(path)
  local file, message, diagnostics = core.scenario_read(arguments.want(path, "string", "a path"), nil)
  local engine, found
  if file then
    engine, message, diagnostics = core.scenario_compile(file, nil, core.ENGINE_COMPILED)
  end
  if engine then
    found, message, diagnostics = core.scenario_run(file, engine, -1)
  end
  if not found then
    return nil, message, diagnostics
  end
  local report = core.decode(core.scenario_report_write(found, core.FORMAT_JSON, 0))
  report.passed = core.scenario_report_outcomes(found, core.PASSED) == core.scenario_report_count(found)
  hidden[report] = found
  return setmetatable(report, Report)
end

--- The report in the bytes of `netpol test -o FORMAT`: "text", "json" or "junit".
function Report:write(format)
  return core.scenario_report_write(arguments.inside(self, Report), format_of(format, REPORTS), 0)
end

return scenario
