use super::*;

fn messages(turns: &[(&str, &str)]) -> Vec<Message> {
    turns.iter().map(|(role, content)| Message { role: role.to_string(), content: content.to_string() }).collect()
}

fn render(source: &str, turns: &[(&str, &str)]) -> Result<String, TextError> {
    ChatTemplate::new(source)?.render(&messages(turns), true, "<s>", "</s>")
}

#[test]
fn blocks_leave_no_whitespace_behind() {
    let source = "{{ bos_token }}\n  {% for message in messages %}\n[{{ message['role'] }}] {{ message.content }}{{ eos_token }}\n  {% endfor %}\n{% if add_generation_prompt %}\n[assistant]\n{% endif %}\n";
    let text = render(source, &[("user", "<b>&\"x\"")]).unwrap();
    assert_eq!(text, "<s>\n[user] <b>&\"x\"</s>\n[assistant]\n");
}

#[test]
fn python_methods_and_loop_controls() {
    let source = "{% set ns = namespace(found=false) %}{% for m in messages %}{% if m['content'].startswith('skip') %}{% continue %}{% endif %}{% set ns.found = true %}{{ m['role'].upper() }}:{{ m['content'].strip().split('|')[-1] | trim }};{% if loop.index0 == 2 %}{% break %}{% endif %}{% endfor %}{{ ns.found }}{{ messages[1:]|length }}{{ messages[-1]['role'] }}";
    let turns = [("a", " x| y "), ("b", "skip"), ("c", "z"), ("d", "no")];
    assert_eq!(render(source, &turns).unwrap(), "A:y;C:z;True3d");
}

#[test]
fn refusals_carry_the_templates_words() {
    let source =
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}ok";
    assert_eq!(render(source, &[("user", "x")]).unwrap(), "ok");
    let refused = render(source, &[("system", "x")]).unwrap_err();
    assert_eq!(refused, TextError::TemplateRefused { message: "System role not supported".into() });
}

#[test]
fn json_is_pythons() {
    let source = "{{ {'a': [1, 2.5, none, true], 'b': messages[0]['content']} | tojson }}|{{ [1] | tojson(indent=2) }}";
    assert_eq!(
        render(source, &[("user", "<é>\"")]).unwrap(),
        "{\"a\": [1, 2.5, null, true], \"b\": \"<é>\\\"\"}|[\n  1\n]"
    );
}

#[test]
fn a_clock_only_when_given() {
    let source = "{% if strftime_now is defined %}{{ strftime_now('%d %b %Y') }}{% else %}26 Jul 2024{% endif %}";
    let mut template = ChatTemplate::new(source).unwrap();
    assert_eq!(template.render(&[], false, "", "").unwrap(), "26 Jul 2024");
    template.set_time(1_709_211_845_000);
    assert_eq!(template.render(&[], false, "", "").unwrap(), "29 Feb 2024");
}

#[test]
fn generation_blocks_are_plain_blocks() {
    let source = "{% for m in messages %}{%- generation -%} {{ m.content }} {%- endgeneration %}\n{% endfor %}";
    assert_eq!(render(source, &[("a", "x"), ("b", "y")]).unwrap(), "xy");
    assert!(render("{%}", &[]).is_err());
}

#[test]
fn hostile_templates_run_out_of_budget() {
    for source in [
        "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
        "{% set ns = namespace(s='xxxxxxxx') %}{% for a in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}",
        "{{ 'x' * 4000000000 }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% macro f(n) %}{{ f(n) ~ f(n) }}{% endmacro %}{{ f(1) }}",
        "{{ range(10000000000) | list }}",
        "{{ '%999999999d' | format(1) }}",
        "{{ messages | tojson(indent=999999999) }}{{ 'a' | indent(4000000000) }}",
    ] {
        let found = render(source, &[("user", "x")]);
        assert!(
            matches!(found, Err(TextError::TemplateBudget { .. } | TextError::TemplateFailed { .. })),
            "{source}: {:?}",
            found.map(|text| text.len())
        );
    }
    let deep = format!("{}1{}", "{{ ".to_owned() + &"(".repeat(100_000), ")".repeat(100_000) + " }}");
    assert!(matches!(ChatTemplate::new(&deep), Err(TextError::TemplateSyntax { .. })));
    let deep = "{% if true %}".repeat(50_000);
    assert!(matches!(ChatTemplate::new(&deep), Err(TextError::TemplateSyntax { .. })));
    assert!(matches!(ChatTemplate::new("{{ oops"), Err(TextError::TemplateSyntax { .. })));
    assert!(matches!(ChatTemplate::new(&"x".repeat(2 << 20)), Err(TextError::TemplateSyntax { .. })));
}

#[test]
fn long_conversations_fit_the_budget() {
    let source = "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] | trim + '<|im_end|>' }}{% endfor %}";
    let long = "word ".repeat(20_000);
    let turns: Vec<(&str, &str)> = (0..200).map(|_| ("user", long.as_str())).collect();
    assert!(render(source, &turns).unwrap().len() > 200 * 99_999);
    let short: Vec<(&str, &str)> = (0..5_000).map(|_| ("user", "hi")).collect();
    assert!(render(source, &short).is_ok());
}
