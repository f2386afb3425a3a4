#![no_main]
use fuzz::{bounded, seed};
use libfuzzer_sys::fuzz_target;
use text::{ChatTemplate, Message};

const SEEDS: [&str; 5] = [
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nx<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "{{ bos_token }}{%- if messages[0].role == 'system' -%}{% set system = messages[0]['content'] | trim + '\n\n' %}{% set rest = messages[1:] %}{%- else -%}{% set rest = messages %}{% endif %}{% for m in rest %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('alternate') }}{% endif %}{{ m.content.strip().split('x')[-1] }}{% endfor %}",
    "{% macro f(x, y=1) %}{{ x | tojson(indent=2) }}{% endmacro %}{% set ns = namespace(a=0) %}{% for i in range(3) %}{% set ns.a = ns.a + i %}{% if i == 1 %}{% continue %}{% endif %}{{ f({'k': [i, none, 1.5]}) }}{% endfor %}{{ ns.a }}",
    "{% if strftime_now is defined %}{{ strftime_now('%d %b %Y %-d %j') }}{% endif %}{%- generation -%}{{ 'a'.upper() ~ 'b' * 3 }}{%- endgeneration %}",
    "{{ messages | map(attribute='role') | join(', ') }}{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{{ 'a%s' | format('b') }}{% filter upper %}x{% endfilter %}",
];

fn seeds() -> Vec<Vec<u8>> {
    SEEDS.map(|source| source.as_bytes().to_vec()).to_vec()
}

fuzz_target!(init: seed("template", &seeds()), |data: &[u8]| {
    bounded(data, || {
        let Ok(source) = std::str::from_utf8(data) else { return };
        let Ok(mut template) = ChatTemplate::new(source) else { return };
        template.set_time(1_709_211_845_000);
        let message = |role: &str| Message { role: role.into(), content: " xé\n".into() };
        let _ = template.render(&[message("system"), message("user"), message("assistant")], true, "<s>", "</s>");
        let _ = template.render(&[], false, "", "");
    });
});
