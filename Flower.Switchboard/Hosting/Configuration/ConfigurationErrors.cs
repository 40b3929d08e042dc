// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;

namespace Flower.Switchboard.Hosting.Configuration;

/// <summary>
/// Everything that is wrong with a configuration, each with its place, in the order in which it was found.
/// </summary>
internal sealed class ConfigurationErrors(string file)
{
    private readonly List<string> _all = [];

    public IReadOnlyList<string> All => _all;

    /// <summary>Something about the file as a whole.</summary>
    public void Add(string message) => _all.Add(LabelRules.Printable($"{file}: {message}"));

    /// <summary>Something at a place within, such as <c>grants[2].rights[0]</c>.</summary>
    public void Add(string place, string message) => Add($"{place}: {message}");
}
