// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Hosting.Configuration;

/// <summary>What became of reading a configuration: one that holds, or everything that is wrong with it.</summary>
/// <param name="Configuration">Null: there are errors.</param>
/// <param name="Errors">One line each, with the file and the place in it.</param>
public sealed record ConfigurationResult(SwitchboardConfiguration? Configuration, IReadOnlyList<string> Errors);
