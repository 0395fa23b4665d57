-- SPDX-License-Identifier: MIT
create table t(a integer primary key, b text, c real);
begin;
with recursive c(x) as (select 1 union all select x + 1 from c where x < 3000)
  insert into t select x, hex(x * x), x / 7.0 from c;
commit;
create index i on t(b);
select count(*), sum(length(b)), max(a), round(avg(c), 6) from t;
select a from t where b = hex(144);
select b, count(*) over (order by a rows 2 preceding) from t limit 4;
explain query plan select * from t where b > 'x';
create virtual table f using fts5(words);
insert into f values ('the quick brown fox'), ('a lazy dog'), ('quick dogs');
select rowid, words from f where f match 'quick' order by rank, rowid;
select json_extract('{"a": [1, {"b": 2}]}', '$.a[1].b'), strftime('%Y-%m-%d', 86400, 'unixepoch');
update t set c = null where a % 2; delete from t where a > 2990; select count(c), total(a) from t;
pragma integrity_check;
select * from nothing;
