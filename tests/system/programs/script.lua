-- SPDX-License-Identifier: MIT
local t = {}
for i = 1, 1000 do t[i] = (i * 7919) % 1000 end
table.sort(t)
print(#t, t[1], t[1000], string.rep("ab", 3), ("x=%d"):format(42), 7 // 2, 7 / 2, 2 ^ 53, 1e100)
local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
print(co(), co(), co(), pcall(error, "no"), select("#", 1, 2, 3), utf8.char(228, 8364), #arg, arg[1])
local f = assert(io.open("/tmp/file", "w")); f:write("one\ntwo\n"); f:close()
for l in io.lines("/tmp/file") do io.write(l, ";") end
print(os.rename("/tmp/file", "/tmp/other"), os.remove("/tmp/other"), io.open("/tmp/file"))
print(os.date("!%Y-%m-%d", 86400), os.getenv("HOME"), string.pack("<i4", 7):byte(1, -1))
local words = {}
for line in io.lines("in/words") do for w in line:gmatch("%a+") do words[#words + 1] = w end end
table.sort(words); print(table.concat(words, ","))
setmetatable(_ENV, {__index = function(_, k) return "no " .. k end}); print(nothing)
collectgarbage(); print(collectgarbage("count") < 1000, math.tointeger(3.0), 1 << 62, 5 & 3 ~ 1)
os.exit(3)
