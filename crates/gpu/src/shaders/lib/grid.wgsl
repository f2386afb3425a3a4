// Number of a workgroup in a grid that was folded into two dimensions.
fn folded(group: vec3<u32>, groups: vec3<u32>) -> u32 {
    return group.y * groups.x + group.x;
}
