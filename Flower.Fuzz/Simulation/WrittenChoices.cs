// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Fuzz.Simulation;

/// <summary>Choices that bytes make, so that whoever changes the bytes changes the history. After the last one, all are 0.</summary>
internal sealed class WrittenChoices(ReadOnlyMemory<byte> bytes) : Choices
{
    private const int MaxSteps = 400;

    private int _at;
    private int _steps;

    public override bool MoveNext() => _at < bytes.Length && _steps++ < MaxSteps;

    public override int Next(int bound) => _at < bytes.Length ? bytes.Span[_at++] % bound : 0;
}
