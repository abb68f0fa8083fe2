# The six rules in Rego, for Regorus. The same in the other files of this folder.
package bench

import rego.v1

broken contains "type" if not input.type in {"SCALE_OUT", "SCALE_IN"}

broken contains "steps" if input.numberOfSteps < 1

broken contains "steps" if input.numberOfSteps > 10

broken contains "aspect" if not input.aspectId in {"webserver", "database", "cache"}

broken contains "role" if not "operator" in input.roles

broken contains "callback" if not startswith(input.callbackUri, "https://")

broken contains "state" if input.state != "INSTANTIATED"
